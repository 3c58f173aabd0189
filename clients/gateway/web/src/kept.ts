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
