import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { contentAddress } from "../api/calls";
import { artifact } from "../conversation/artifacts";
import { turns } from "../conversation/conversation";
import { addArtifact } from "../conversation/draft";
import { madeBy } from "../conversation/watching";
import { size, t } from "../language/language";
import { Icon } from "./icons";
import { Thumbnail } from "./thumbnail";

/** The files of the conversation, given and made, each a click away from being used again. */
export function Files({ onClose }: { onClose: () => void }): JSX.Element {
  const close = useRef<HTMLButtonElement>(null);
  // The button that opens the panel is not there while it is open.
  useEffect(() => {
    close.current?.focus();
    return () => setTimeout(() => document.getElementById("files-button")?.focus());
  }, []);
  const views = turns.value.map((turn) => turn.view.value);
  const attached = [...new Set(views.flatMap((view) => view.messages.flatMap((message) => message.artifacts ?? [])))];
  const made = [...new Set(views.flatMap(madeBy))].filter((name) => !attached.includes(name));
  return (
    <aside class="side files" aria-label={t("files")}>
      <div class="side-head">
        <h2>{t("files")}</h2>
        <button ref={close} type="button" class="quiet icon-only" aria-label={t("close")} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <p class="hint">{attached.length + made.length > 0 ? t("filesText") : t("noFiles")}</p>
      <Group title={t("filesGiven")} names={attached} />
      <Group title={t("filesMade")} names={made} />
    </aside>
  );
}

function Group({ title, names }: { title: string; names: readonly string[] }): JSX.Element | null {
  if (names.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul aria-label={title}>
        {names.map((name) => (
          <FileRow key={name} name={name} />
        ))}
      </ul>
    </section>
  );
}

function FileRow({ name }: { name: string }): JSX.Element | null {
  const described = artifact(name).value;
  if (!described) return described === null ? <li class="file-gone">{t("artifactGone")}</li> : null;
  const { fileName, mediaType, sizeBytes = "0" } = described;
  return (
    <li class="file-row">
      <button type="button" class="file-use" aria-label={t("use", { name: fileName })} onClick={() => addArtifact(described)}>
        <Thumbnail name={name} mediaType={mediaType} />
        <span class="file-name">{fileName}</span>
      </button>
      <span class="file-size">{size(Number(sizeBytes))}</span>
      <a class="quiet icon-only" href={contentAddress(name, true)} aria-label={t("download", { name: fileName })} title={t("download", { name: fileName })}>
        <Icon name="download" size={17} />
      </a>
    </li>
  );
}
