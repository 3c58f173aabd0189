import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ask, running, stop, type Turn } from "../conversation/conversation";
import * as draft from "../conversation/draft";
import { t } from "../language/language";
import { replace } from "../route";
import { AttachedFiles } from "./attached_files";
import { Camera } from "./camera";
import { Icon } from "./icons";
import { Microphone } from "./microphone";

export function Composer(): JSX.Element {
  const notice = useSignal("");
  const isSending = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const turn = running.value;

  // The field grows with what is written; the style sheet has its limits.
  useEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [draft.text.value]);

  const submit = async (): Promise<void> => {
    if (isSending.value) return;
    if (running.value) return void (notice.value = t("stillRunning"));
    if (!draft.text.value.trim() && draft.attachments.value.length === 0) return void (notice.value = t("nothingToSend"));
    isSending.value = true;
    draft.troubles.value = [];
    notice.value = t(draft.attachments.value.every((file) => file.artifact.value) ? "sending" : "waitingForUploads");
    try {
      const artifacts = await draft.storedNames();
      if (artifacts) {
        const id = await ask({ text: draft.text.value, artifacts, askFirst: draft.askFirst.value });
        draft.clear();
        replace(`#/chat/${id}`);
      }
    } catch (error) {
      draft.complain(draft.messageOf(error));
    }
    notice.value = "";
    isSending.value = false;
    field.current?.focus();
  };

  return (
    <form
      ref={form}
      class="composer"
      aria-label={t("request")}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {draft.troubles.value.map((trouble) => (
        <div key={trouble} class="trouble" role="alert">
          <p>{trouble}</p>
          <button type="button" class="quiet icon-only" aria-label={t("close")} onClick={() => dismiss(trouble)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
      <div class="writing">
        <AttachedFiles />
        <label class="hidden" for="request">
          {t("requestLabel")}
        </label>
        <textarea
          id="request"
          ref={field}
          rows={1}
          placeholder={t("requestPlaceholder")}
          value={draft.text.value}
          onInput={(event) => {
            draft.text.value = event.currentTarget.value;
            notice.value = "";
          }}
          onPaste={(event) => {
            const files = event.clipboardData?.files;
            if (!files?.length) return;
            event.preventDefault();
            draft.addFiles(files);
          }}
          onKeyDown={(event) => {
            // While an input method composes a word, Enter chooses it.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void submit();
          }}
        />
        <div class="tools">
          <AddFiles />
          <Microphone />
          <Camera />
          <label class="switch">
            <input
              type="checkbox"
              role="switch"
              checked={draft.askFirst.value}
              onChange={(event) => draft.setAskFirst(event.currentTarget.checked)}
            />
            <span>{t("askFirst")}</span>
          </label>
          {turn ? (
            <StopButton turn={turn} />
          ) : (
            <button type="submit" class="send" aria-label={t("send")} title={t("send")} aria-disabled={isSending.value}>
              <Icon name="send" />
            </button>
          )}
        </div>
      </div>
      <p class="notice" role="status">
        {notice.value}
      </p>
    </form>
  );
}

function StopButton({ turn }: { turn: Turn }): JSX.Element {
  const label = t(turn.stopping.value ? "stopping" : "stop");
  const end = (): void => {
    void stop(turn).catch((error: unknown) => draft.complain(draft.messageOf(error)));
  };
  return (
    <button type="button" class="send stop" aria-label={t("stop")} title={label} aria-disabled={turn.stopping.value} onClick={end}>
      <Icon name="stop" />
    </button>
  );
}

function AddFiles(): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          draft.addFiles(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="quiet icon-only" aria-label={t("addFiles")} title={t("addFiles")} onClick={() => input.current?.click()}>
        <Icon name="clip" />
      </button>
    </>
  );
}

function dismiss(trouble: string): void {
  draft.troubles.value = draft.troubles.value.filter((other) => other !== trouble);
}
