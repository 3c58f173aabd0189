import { signal } from "@preact/signals";

export type Page = "chat" | "hosts" | "models";

export interface Route {
  readonly page: Page;
  /** The conversation; empty for a new one. */
  readonly conversation: string;
}

function read(): Route {
  const [first = "", second = ""] = location.hash.replace(/^#\/?/, "").split("/");
  if (first === "hosts" || first === "models") return { page: first, conversation: "" };
  return { page: "chat", conversation: first === "chat" ? second : "" };
}

export const route = signal<Route>(read());

window.addEventListener("hashchange", () => (route.value = read()));

export function go(address: string): void {
  location.hash = address;
}

/** Changes the address without a step back to what was before. */
export function replace(address: string): void {
  history.replaceState(null, "", address);
  route.value = read();
}
