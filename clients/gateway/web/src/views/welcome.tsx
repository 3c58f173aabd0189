import type { JSX } from "preact";
import { text } from "../conversation/draft";
import { offered } from "../conversation/task_types";
import { t } from "../language/language";
import type { Key } from "../language/en";

/** Requests to begin with, each with the task type that it needs. */
const EXAMPLES: readonly { key: Key; type: string }[] = [
  { key: "example_speak", type: "text-to-speech" },
  { key: "example_language", type: "text-classification" },
  { key: "example_mood", type: "text-classification" },
  { key: "example_similar", type: "sentence-similarity" },
];

export function Welcome(): JSX.Element {
  const types = new Set(
    offered.value.filter((listed) => listed.state !== "TASK_TYPE_STATE_UNAVAILABLE").map((listed) => listed.taskType.name),
  );
  const examples = EXAMPLES.filter(({ type }) => types.has(type));
  return (
    <div class="welcome">
      <h1>{t("welcome")}</h1>
      <p class="lead">{t("welcomeText")}</p>
      {examples.length > 0 && <p class="hint">{t("welcomeHint")}</p>}
      <ul class="examples">
        {examples.map(({ key }) => (
          <li key={key}>
            <button type="button" onClick={() => begin(t(key))}>
              {t(key)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function begin(words: string): void {
  text.value = words;
  document.querySelector<HTMLTextAreaElement>("#request")?.focus();
}
