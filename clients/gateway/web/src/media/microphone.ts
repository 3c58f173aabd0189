/** Sound from the microphone as a WAV file, which every recogniser here takes. */

import { encode } from "./wav";

const RATE = 16_000;
const LONGEST_MS = 10 * 60 * 1000;

export interface Recording {
  /** Ends it, and returns what was said. */
  readonly stop: () => Promise<Blob>;
}

/** Begins to record; ten minutes at the most. Throws what the browser says where it does not allow it. */
export async function record(onEnd: () => void): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const pieces: Blob[] = [];
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const ended = new Promise<void>((resolve) => {
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      resolve();
    };
  });
  recorder.start();
  const timer = setTimeout(onEnd, LONGEST_MS);
  return {
    stop: async () => {
      clearTimeout(timer);
      if (recorder.state !== "inactive") recorder.stop();
      await ended;
      return wav(await new Blob(pieces, { type: recorder.mimeType }).arrayBuffer());
    },
  };
}

/** Makes a WAV file of one channel, 16 kHz and 16 bits, of what a browser records. */
async function wav(recorded: ArrayBuffer): Promise<Blob> {
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(recorded);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  const mixed = new Float32Array(sound.length);
  for (const channel of channels) for (let i = 0; i < mixed.length; i++) mixed[i]! += channel[i]! / channels.length;
  return encode(mixed, sound.sampleRate);
}
