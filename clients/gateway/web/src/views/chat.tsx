import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { shown, turns } from "../conversation/conversation";
import { addFiles } from "../conversation/draft";
import { conversations } from "../conversation/stored";
import { t } from "../language/language";
import { Composer } from "./composer";
import { Conversations } from "./conversations";
import { Files } from "./files";
import { Icon } from "./icons";
import { TurnView } from "./turn";
import { Welcome } from "./welcome";

type Panel = "conversations" | "files" | undefined;

export function Chat(): JSX.Element {
  const panel = useSignal<Panel>(undefined);
  const isDropping = useSignal(false);
  useSignalEffect(() => {
    shown.value;
    panel.value = undefined;
  });
  const toggle = (which: Panel) => (): void => {
    panel.value = panel.value === which ? undefined : which;
  };
  return (
    <div
      class="chat"
      data-panel={panel.value ?? ""}
      onKeyDown={(event) => {
        if (event.key === "Escape") panel.value = undefined;
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        isDropping.value = true;
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) isDropping.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        isDropping.value = false;
        addFiles(event.dataTransfer?.files ?? []);
      }}
    >
      <Conversations />
      <main id="content" class="stage" tabIndex={-1}>
        <div class="stage-tools">
          <button type="button" class="quiet only-narrow" aria-expanded={panel.value === "conversations"} onClick={toggle("conversations")}>
            <Icon name="menu" />
            {t("conversations")}
          </button>
          <button
            type="button"
            id="files-button"
            class="quiet"
            aria-expanded={panel.value === "files"}
            hidden={panel.value === "files"}
            onClick={toggle("files")}
          >
            <Icon name="folder" />
            {t("files")}
          </button>
        </div>
        <Turns />
        <Composer />
        {isDropping.value && <div class="drop">{t("dropHere")}</div>}
      </main>
      {panel.value === "files" && <Files onClose={toggle("files")} />}
      {panel.value && <div class="shade" onClick={() => (panel.value = undefined)} />}
    </div>
  );
}

const NEAR_PX = 120;

function Turns(): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const count = turns.value.length;
  const title = conversations.value.find(({ id }) => id === shown.value)?.title;
  // Whoever reads at the end stays there while more comes; whoever scrolled up is left alone.
  useLayoutEffect(() => {
    const outer = scroller.current;
    const inner = outer?.firstElementChild;
    if (!outer || !inner) return undefined;
    let isAtEnd = true;
    outer.scrollTop = outer.scrollHeight;
    let last = outer.scrollTop;
    const note = (): void => {
      // The content may have grown since: only who goes up leaves the end.
      if (outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR_PX) isAtEnd = true;
      else if (outer.scrollTop < last) isAtEnd = false;
      last = outer.scrollTop;
    };
    const observer = new ResizeObserver(() => {
      if (isAtEnd) outer.scrollTop = outer.scrollHeight;
    });
    observer.observe(inner);
    outer.addEventListener("scroll", note, { passive: true });
    return () => {
      observer.disconnect();
      outer.removeEventListener("scroll", note);
    };
  }, [count, shown.value]);
  return (
    <div class="turns" ref={scroller} tabIndex={-1}>
      <div class="turns-inner">
        {count > 0 && <h1 class="hidden">{title || t("untitled")}</h1>}
        {count === 0 ? <Welcome /> : turns.value.map((turn, place) => <TurnView key={turn.id} turn={turn} number={place + 1} />)}
      </div>
    </div>
  );
}
