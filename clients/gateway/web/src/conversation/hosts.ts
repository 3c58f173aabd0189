/** The model hosts as they are now, for as long as somebody looks at them. */

import { signal } from "@preact/signals";
import type { Host } from "../api/messages";
import { get } from "../api/http";
import { pause, serverEvents } from "../api/streams";

/** Undefined before the first word of the controller. */
export const hosts = signal<readonly Host[] | undefined>(undefined);

/** Follows the hosts until it is aborted, over as many connections as it takes. */
export async function follow(ended: AbortSignal): Promise<void> {
  for (let attempt = 0; !ended.aborted; attempt++) {
    const seen = new Map<string, Host>();
    try {
      // The stream of a controller without hosts says nothing.
      for (const host of (await get<{ hosts?: Host[] }>("/hosts", ended)).hosts ?? []) seen.set(host.name, host);
      hosts.value = sorted(seen);
      for await (const { event, data } of serverEvents("/hosts:watch", {}, ended)) {
        attempt = 0;
        const host = JSON.parse(data) as Host;
        if (event === "host_removed") seen.delete(host.name);
        else if (event === "host") seen.set(host.name, host);
        hosts.value = sorted(seen);
      }
    } catch {
      // The page says by itself when nobody answers; this tries again.
    }
    if (!ended.aborted) await pause(attempt, ended);
  }
}

function sorted(seen: ReadonlyMap<string, Host>): Host[] {
  return [...seen.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The name without its collection, as people say it. */
export function shortName(host: string): string {
  return host.replace(/^hosts\//, "");
}
