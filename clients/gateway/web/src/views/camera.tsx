import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { addFiles, complain, messageOf } from "../conversation/draft";
import { t } from "../language/language";
import { Icon } from "./icons";

const QUALITY = 0.92;
let made = 0;

export function Camera(): JSX.Element {
  const stream = useSignal<MediaStream | undefined>(undefined);
  const isHere = useRef(true);
  useEffect(() => () => void (isHere.current = false), []);
  const begin = async (): Promise<void> => {
    if (!navigator.mediaDevices) return complain(t("noCamera", { message: t("noMediaHere") }));
    try {
      const granted = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
      // Who has gone elsewhere meanwhile is not filmed.
      if (isHere.current) stream.value = granted;
      else granted.getTracks().forEach((track) => track.stop());
    } catch (error) {
      complain(t("noCamera", { message: messageOf(error) }));
    }
  };
  return (
    <>
      <button type="button" class="quiet icon-only" aria-label={t("takePicture")} title={t("takePicture")} onClick={() => void begin()}>
        <Icon name="camera" />
      </button>
      {stream.value && <Viewfinder stream={stream.value} onClose={() => (stream.value = undefined)} />}
    </>
  );
}

function Viewfinder({ stream, onClose }: { stream: MediaStream; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const hasPicture = useSignal(false);
  useEffect(() => {
    dialog.current?.showModal();
    if (video.current) video.current.srcObject = stream;
    return () => stream.getTracks().forEach((track) => track.stop());
  }, [stream]);

  const take = (): void => {
    const picture = video.current;
    if (!picture?.videoWidth) return;
    const canvas = document.createElement("canvas");
    canvas.width = picture.videoWidth;
    canvas.height = picture.videoHeight;
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    canvas.toBlob(
      (blob) => {
        if (blob) addFiles([new File([blob], t("photoName", { number: ++made }), { type: "image/jpeg" })]);
        onClose();
      },
      "image/jpeg",
      QUALITY,
    );
  };
  return (
    <dialog ref={dialog} class="viewfinder" aria-label={t("camera")} onClose={onClose}>
      <video ref={video} autoPlay muted playsInline onLoadedData={() => (hasPicture.value = true)} />
      <div class="row">
        <button type="button" class="primary" disabled={!hasPicture.value} onClick={take}>
          {t("takeIt")}
        </button>
        <button type="button" onClick={onClose}>
          {t("close")}
        </button>
      </div>
    </dialog>
  );
}
