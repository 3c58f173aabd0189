import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { contentAddress } from "../api/calls";
import { Icon, iconOf } from "./icons";

/** A file in a list: a small picture where it is one that the browser can read, else the sign of its kind. */
export function Thumbnail({ name, mediaType }: { name: string; mediaType: string }): JSX.Element {
  const isUnreadable = useSignal(false);
  if (isUnreadable.value || !mediaType.startsWith("image/")) return <Icon name={iconOf(mediaType)} />;
  return <img src={contentAddress(name)} alt="" loading="lazy" onError={() => (isUnreadable.value = true)} />;
}
