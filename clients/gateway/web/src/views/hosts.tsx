import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Device, ExpertStatus, Host } from "../api/messages";
import { follow, hosts, shortName } from "../conversation/hosts";
import { duration, number, size, t } from "../language/language";
import { Icon } from "./icons";

export function Hosts(): JSX.Element {
  useEffect(() => {
    const leaving = new AbortController();
    void follow(leaving.signal);
    return () => leaving.abort();
  }, []);
  return (
    <main id="content" class="fleet" tabIndex={-1}>
      <h1>{t("hosts")}</h1>
      {hosts.value?.length === 0 && <p class="lead">{t("noHosts")}</p>}
      <div class="hosts">
        {hosts.value?.map((host) => (
          <HostCard key={host.name} host={host} />
        ))}
      </div>
    </main>
  );
}

const STATES = {
  HOST_STATE_READY: "state_ready",
  HOST_STATE_DISCONNECTED: "state_disconnected",
  HOST_STATE_DRAINING: "state_draining",
} as const;

function HostCard({ host }: { host: Host }): JSX.Element {
  const state = host.state ?? "HOST_STATE_READY";
  const statuses = host.statuses ?? [];
  const shown = statuses.filter((status) => status.state === "EXPERT_STATE_LOADED" || status.state === "EXPERT_STATE_LOADING");
  const loadable = statuses.filter((status) => status.state === "EXPERT_STATE_LOADABLE").length;
  return (
    <article class="card" aria-label={shortName(host.name)}>
      <header>
        <h2>{shortName(host.name)}</h2>
        <span class="tag" data-state={state}>
          {t(STATES[state])}
        </span>
        <span class="hint">{[host.profile, host.version, host.address].filter(Boolean).join(" · ")}</span>
      </header>
      {host.devices?.map((device) => (
        <DeviceBar key={device.name} device={device} />
      ))}
      <h3>{t("loadedExperts")}</h3>
      {shown.length === 0 && <p class="hint">{t("nothingLoaded")}</p>}
      <ul class="loaded">
        {shown.map((status) => (
          <LoadedExpert key={status.expertId} status={status} />
        ))}
      </ul>
      <p class="hint">
        {[
          loadable > 0 && t("otherExperts", { count: loadable }),
          host.workerRestartCount ? t("restarts", { count: host.workerRestartCount }) : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </article>
  );
}

function DeviceBar({ device }: { device: Device }): JSX.Element {
  const total = Number(device.totalBytes ?? 0);
  const free = Number(device.freeBytes ?? 0);
  const label = t("memoryOf", { device: [device.name, device.model].filter(Boolean).join(", ") });
  return (
    <div class="device">
      <div class="device-words">
        <span>{label}</span>
        <span>{t("memoryFree", { free: size(free), total: size(total) })}</span>
      </div>
      <meter min={0} max={total || 1} value={total - free} aria-label={label} />
    </div>
  );
}

function LoadedExpert({ status }: { status: ExpertStatus }): JSX.Element {
  const { queuedCount = 0, runningCount = 0, latencyMs = 0 } = status;
  const isBusy = queuedCount + runningCount > 0;
  return (
    <li class={isBusy ? "is-busy" : ""}>
      <span class="loaded-name">
        {status.expertId}
        {status.pinned && (
          <span class="pinned" title={t("pinned")}>
            <Icon name="pin" size={14} />
            <span class="hidden">{t("pinned")}</span>
          </span>
        )}
      </span>
      <span>{status.state === "EXPERT_STATE_LOADING" ? t("expert_LOADING") : isBusy ? t("queue", { running: number(runningCount), queued: number(queuedCount) }) : t("idle")}</span>
      <span class="hint">
        {[status.device, status.memoryBytes && size(Number(status.memoryBytes)), latencyMs > 0 && t("latency", { time: duration(latencyMs) })]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </li>
  );
}
