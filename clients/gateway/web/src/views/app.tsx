import { untracked, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { running, show, shown } from "../conversation/conversation";
import { conversations } from "../conversation/stored";
import { reach } from "../conversation/reach";
import { t } from "../language/language";
import { route } from "../route";
import { Chat } from "./chat";
import { Head } from "./head";
import { Hosts } from "./hosts";
import { Models } from "./models";

export function App(): JSX.Element {
  useSignalEffect(() => {
    const { page, conversation } = route.value;
    // The address alone decides; what else `show` looks at changes while a request is sent.
    if (page === "chat") untracked(() => show(conversation));
  });
  const { page } = route.value;
  useSignalEffect(() => {
    const title = conversations.value.find(({ id }) => id === shown.value)?.title;
    document.title = [running.value && "…", title, "Orchestrion"].filter(Boolean).join(" · ");
  });
  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={focusContent}>
        {t("skipToContent")}
      </a>
      <Head />
      <div class="reach" role="status">
        {reach.value !== "reached" && (
          <p>{t(reach.value === "gateway away" ? "gatewayAway" : "controllerAway")}</p>
        )}
      </div>
      {page === "chat" && <Chat />}
      {page === "hosts" && <Hosts />}
      {page === "models" && <Models />}
    </div>
  );
}

function focusContent(event: MouseEvent): void {
  // The address has the page in its hash, which a jump would overwrite.
  event.preventDefault();
  document.getElementById("content")?.focus();
}
