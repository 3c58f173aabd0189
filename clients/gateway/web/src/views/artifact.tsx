import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { contentAddress } from "../api/calls";
import type { Artifact } from "../api/messages";
import { artifact } from "../conversation/artifacts";
import { addArtifact } from "../conversation/draft";
import { size, t } from "../language/language";
import { Icon, iconOf } from "./icons";
import { FileText, isReadable } from "./file_text";

/** A file: shown or played where browsers can, and always to be saved under its name. */
export function ArtifactView({ name, isSmall = false }: { name: string; isSmall?: boolean }): JSX.Element {
  const described = artifact(name).value;
  if (described === null) return <p class="file-gone">{t("artifactGone")}</p>;
  if (described === undefined) return <div class="file-waiting" aria-hidden="true" />;
  const { mediaType } = described;
  if (mediaType.startsWith("image/")) return <Picture described={described} isSmall={isSmall} />;
  if (isSmall) return <Chip described={described} />;
  return (
    <figure class="file">
      {mediaType.startsWith("audio/") && <audio controls preload="metadata" src={contentAddress(name)} aria-label={described.fileName} />}
      {mediaType.startsWith("video/") && <video controls preload="metadata" src={contentAddress(name)} aria-label={described.fileName} />}
      {isReadable(described) && <FileText described={described} />}
      <Caption described={described} />
    </figure>
  );
}

function Picture({ described, isSmall }: { described: Artifact; isSmall: boolean }): JSX.Element {
  const address = contentAddress(described.name);
  const isUnreadable = useSignal(false);
  if (isUnreadable.value && isSmall) return <Chip described={described} />;
  if (isUnreadable.value) {
    return (
      <figure class="file">
        <p class="file-unreadable">
          <Icon name={iconOf(described.mediaType)} />
          {t("unreadablePicture")}
        </p>
        <Caption described={described} />
      </figure>
    );
  }
  return (
    <figure class={isSmall ? "file is-small" : "file"}>
      <a href={address} target="_blank" rel="noreferrer">
        <img src={address} alt={described.fileName} loading="lazy" onError={() => (isUnreadable.value = true)} />
      </a>
      {!isSmall && <Caption described={described} />}
    </figure>
  );
}

function Chip({ described }: { described: Artifact }): JSX.Element {
  return (
    <a class="chip" href={contentAddress(described.name)} target="_blank" rel="noreferrer">
      <Icon name={iconOf(described.mediaType)} />
      <span class="chip-name">{described.fileName}</span>
    </a>
  );
}

function Caption({ described }: { described: Artifact }): JSX.Element {
  const { name, fileName, sizeBytes = "0" } = described;
  return (
    <figcaption>
      <span class="file-name" title={fileName}>
        {fileName}
      </span>
      <span class="file-size">{size(Number(sizeBytes))}</span>
      <a class="quiet icon-only" href={contentAddress(name, true)} aria-label={t("download", { name: fileName })} title={t("download", { name: fileName })}>
        <Icon name="download" size={17} />
      </a>
      <button type="button" class="quiet icon-only" aria-label={t("use", { name: fileName })} title={t("use", { name: fileName })} onClick={() => addArtifact(described)}>
        <Icon name="plus" size={17} />
      </button>
    </figcaption>
  );
}
