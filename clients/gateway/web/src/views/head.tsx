import type { JSX } from "preact";
import { colours, next } from "../colours";
import { shown } from "../conversation/conversation";
import { choose, language, t } from "../language/language";
import { route, type Page } from "../route";
import { Icon } from "./icons";

const COLOUR_ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

export function Head(): JSX.Element {
  const chat = shown.value ? `#/chat/${shown.value}` : "#/";
  return (
    <header class="head">
      <a class="brand" href="#/" aria-label="Orchestrion">
        <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
          <rect class="brand-ground" width="32" height="32" rx="8" />
          <path class="brand-lines" d="M10 10c6 0 6 6 12 6M10 22c6 0 6-6 12-6" />
          <circle class="brand-dot" cx="9" cy="10" r="3" />
          <circle class="brand-dot" cx="9" cy="22" r="3" />
          <circle class="brand-dot" cx="23" cy="16" r="3.5" />
        </svg>
        <span class="brand-name">Orchestrion</span>
      </a>
      <nav class="pages" aria-label={t("pages")}>
        <PageLink page="chat" address={chat} />
        <PageLink page="hosts" address="#/hosts" />
        <PageLink page="models" address="#/models" />
      </nav>
      <div class="switches">
        <button
          type="button"
          class="quiet"
          lang={language.value === "zh" ? "en" : "zh-CN"}
          onClick={() => choose(language.value === "zh" ? "en" : "zh")}
        >
          {t("otherLanguage")}
        </button>
        <button
          type="button"
          class="quiet icon-only"
          aria-label={t(`colours_${colours.value}`)}
          title={t(`colours_${colours.value}`)}
          onClick={next}
        >
          <Icon name={COLOUR_ICONS[colours.value]} />
        </button>
      </div>
    </header>
  );
}

function PageLink({ page, address }: { page: Page; address: string }): JSX.Element {
  const isHere = route.value.page === page;
  return (
    <a href={address} {...(isHere ? { "aria-current": "page" } : {})}>
      {t(page)}
    </a>
  );
}
