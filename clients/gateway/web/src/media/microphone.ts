/** Sound from the microphone as a WAV file, which every recogniser here takes. */

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

/** Writes samples from -1 to 1 as a WAV file. */
export function encode(samples: Float32Array, rate: number): Blob {
  const bytes = samples.length * 2;
  const view = new DataView(new ArrayBuffer(44 + bytes));
  const letters = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  };
  letters(0, "RIFF");
  view.setUint32(4, 36 + bytes, true);
  letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  letters(36, "data");
  view.setUint32(40, bytes, true);
  for (let i = 0; i < samples.length; i++) {
    view.setInt16(44 + i * 2, Math.max(-1, Math.min(1, samples[i]!)) * 0x7fff, true);
  }
  return new Blob([view], { type: "audio/wav" });
}
