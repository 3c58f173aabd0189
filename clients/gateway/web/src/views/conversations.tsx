import type { JSX } from "preact";
import { shown } from "../conversation/conversation";
import { areKept, conversations, forget } from "../conversation/stored";
import { t } from "../language/language";
import { go } from "../route";
import { Icon } from "./icons";

export function Conversations(): JSX.Element {
  return (
    <aside class="side conversations" aria-label={t("conversations")}>
      <button type="button" class="new" onClick={begin}>
        <Icon name="plus" />
        {t("newConversation")}
      </button>
      {conversations.value.length === 0 && <p class="hint">{t("noConversations")}</p>}
      {!areKept.value && <p class="hint">{t("notKept")}</p>}
      <ul>
        {conversations.value.map(({ id, title }) => (
          <li key={id} class={id === shown.value ? "is-here" : ""}>
            <a href={`#/chat/${id}`} {...(id === shown.value ? { "aria-current": "true" } : {})}>
              {title || t("untitled")}
            </a>
            <button
              type="button"
              class="quiet icon-only"
              aria-label={t("forget", { title: title || t("untitled") })}
              title={t("forget", { title: title || t("untitled") })}
              onClick={() => drop(id)}
            >
              <Icon name="trash" size={16} />
            </button>
          </li>
        ))}
      </ul>
    </aside>
  );
}

function begin(): void {
  go("#/");
  document.querySelector<HTMLTextAreaElement>("#request")?.focus();
}

function drop(id: string): void {
  forget(id);
  if (id === shown.value) go("#/");
}
