import { signal, type Signal } from "@preact/signals";
import { describeArtifact } from "../api/calls";
import { ApiError } from "../api/http";
import type { Artifact } from "../api/messages";

/** What an artifact is: undefined while it is asked for, null where it is no longer there. */
export type Description = Artifact | null | undefined;

const descriptions = new Map<string, Signal<Description>>();

export function artifact(name: string): Signal<Description> {
  let description = descriptions.get(name);
  if (!description) {
    description = signal<Description>(undefined);
    descriptions.set(name, description);
    void describe(name, description);
  }
  return description;
}

/** Takes a description that came with an upload. */
export function describeAs(described: Artifact): void {
  const description = descriptions.get(described.name);
  if (description) description.value = described;
  else descriptions.set(described.name, signal<Description>(described));
}

/** Asks for descriptions anew: files get their last names when the answer is written. */
export function refresh(names: Iterable<string>): void {
  for (const name of names) {
    const description = descriptions.get(name);
    if (description) void describe(name, description);
  }
}

async function describe(name: string, description: Signal<Description>): Promise<void> {
  try {
    description.value = await describeArtifact(name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) description.value = null;
    // Nobody answered: whoever looks next asks again.
    else descriptions.delete(name);
  }
}
