import type { JSX } from "preact";
import { attachments, remove, type Attachment } from "../conversation/draft";
import { t } from "../language/language";
import { Icon, iconOf } from "./icons";
import { Thumbnail } from "./thumbnail";

export function AttachedFiles(): JSX.Element | null {
  if (attachments.value.length === 0) return null;
  return (
    <ul class="attached" aria-label={t("attachedFiles")}>
      {attachments.value.map((attachment) => (
        <AttachedFile key={attachment.id} attachment={attachment} />
      ))}
    </ul>
  );
}

function AttachedFile({ attachment }: { attachment: Attachment }): JSX.Element {
  const { fileName } = attachment;
  const stored = attachment.artifact.value;
  const mediaType = stored?.mediaType ?? attachment.mediaType;
  const share = Math.round(attachment.progress.value * 100);
  return (
    <li class={stored ? "chip" : "chip is-uploading"}>
      {stored ? <Thumbnail name={stored.name} mediaType={mediaType} /> : <Icon name={iconOf(mediaType)} />}
      <span class="chip-name" title={fileName}>
        {fileName}
      </span>
      {!stored && (
        <>
          <progress aria-label={t("uploading", { name: fileName })} max={100} value={share} />
          <span class="chip-share">{share} %</span>
        </>
      )}
      <button type="button" class="quiet icon-only" aria-label={t("remove", { name: fileName })} onClick={() => remove(attachment)}>
        <Icon name="close" size={16} />
      </button>
    </li>
  );
}
