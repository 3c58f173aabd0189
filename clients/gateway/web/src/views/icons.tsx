import type { JSX } from "preact";

const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  clip: "M20 11.5 12.5 19a5 5 0 0 1-7-7l8-8a3.3 3.3 0 0 1 4.700 4.700l-8 8a1.700 1.700 0 0 1-2.400-2.400l7-7",
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM5.500 11a6.500 6.500 0 0 0 13 0M12 17.500V21",
  camera: "M4 8h3l2-3h6l2 3h3v11H4ZM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7Z",
  close: "M6 6l12 12M18 6 6 18",
  folder: "M3.500 6.500h6l2 2.500h9v10h-17Z",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  check: "M5 12.500l4.500 4.500L19 7.500",
  again: "M19.500 12a7.500 7.500 0 1 1-2.300-5.400M19.500 4v4.500H15",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M5.600 18.400 7 17M17 7l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z",
  auto: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 4v16M14 6v12M16 6.500v11M18 8v8",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 12.500h8L17 7",
  pen: "M5 19l1-4L16 5l3 3L9 18ZM14 7l3 3",
  file: "M6 3.500h8l4 4v13H6ZM14 3.500v4h4",
  sound: "M9 18V6l10-2v12M9 18a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0ZM19 16a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0Z",
  video: "M4 6h11v12H4ZM15 10.500l5-3v9l-5-3",
  pin: "M9 4h6l-1 6 3 3H7l3-3ZM12 13v7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function iconOf(mediaType: string): IconName {
  if (mediaType.startsWith("audio/")) return "sound";
  if (mediaType.startsWith("video/")) return "video";
  return "file";
}
