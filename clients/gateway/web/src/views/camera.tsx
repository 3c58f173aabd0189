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
  const begin = async (): Promise<void> => {
    if (!navigator.mediaDevices) return complain(t("noCamera", { message: t("noMediaHere") }));
    try {
      stream.value = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
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
  useEffect(() => {
    dialog.current?.showModal();
    if (video.current) {
      video.current.srcObject = stream;
      void video.current.play();
    }
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
      <video ref={video} muted playsInline />
      <div class="row">
        <button type="button" class="primary" onClick={take}>
          {t("takeIt")}
        </button>
        <button type="button" onClick={onClose}>
          {t("close")}
        </button>
      </div>
    </dialog>
  );
}
