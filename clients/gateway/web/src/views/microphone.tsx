import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { addFiles, complain, messageOf } from "../conversation/draft";
import { t } from "../language/language";
import { record, type Recording } from "../media/microphone";
import { Icon } from "./icons";

let made = 0;

export function Microphone(): JSX.Element {
  const recording = useSignal<Recording | undefined>(undefined);
  const seconds = useSignal(0);
  const isRecording = recording.value !== undefined;

  useEffect(() => {
    if (!isRecording) return undefined;
    seconds.value = 0;
    const timer = setInterval(() => seconds.value++, 1000);
    return () => clearInterval(timer);
  }, [isRecording]);

  const end = async (): Promise<void> => {
    const ending = recording.value;
    recording.value = undefined;
    if (!ending) return;
    try {
      const name = t("recordingName", { number: ++made });
      addFiles([new File([await ending.stop()], name, { type: "audio/wav" })]);
    } catch (error) {
      complain(t("noMicrophone", { message: messageOf(error) }));
    }
  };
  const begin = async (): Promise<void> => {
    if (!navigator.mediaDevices) return complain(t("noMicrophone", { message: t("noMediaHere") }));
    try {
      recording.value = await record(() => void end());
    } catch (error) {
      complain(t("noMicrophone", { message: messageOf(error) }));
    }
  };
  const label = t(isRecording ? "stopRecording" : "recordSound");
  return (
    <>
      <button
        type="button"
        class={isRecording ? "quiet icon-only is-recording" : "quiet icon-only"}
        aria-label={label}
        title={label}
        onClick={() => void (isRecording ? end() : begin())}
      >
        <Icon name={isRecording ? "stop" : "microphone"} />
      </button>
      {isRecording && <span class="recording">{t("recording", { seconds: seconds.value })}</span>}
    </>
  );
}
