/** What the browser keeps for this page. Some are set to keep nothing: then it lasts as long as the page. */

export function read(name: string): string | undefined {
  try {
    return localStorage.getItem(`orchestrion.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether it was kept: there may be no room, or no leave. */
export function write(name: string, text: string): boolean {
  try {
    localStorage.setItem(`orchestrion.${name}`, text);
    return true;
  } catch {
    return false;
  }
}

/** What lasts as long as the tab, also when the page is loaded anew; empty for nothing. */
export function readForNow(name: string): string {
  try {
    return sessionStorage.getItem(`orchestrion.${name}`) ?? "";
  } catch {
    return "";
  }
}

export function writeForNow(name: string, text: string): void {
  try {
    sessionStorage.setItem(`orchestrion.${name}`, text);
  } catch {
    // The page has it all the same.
  }
}
