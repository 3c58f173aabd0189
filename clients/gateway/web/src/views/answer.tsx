import type { JSX } from "preact";
import { madeBy } from "../conversation/watching";
import { t } from "../language/language";
import type { RunView } from "../run/state";
import { ArtifactView } from "./artifact";
import { htmlOf } from "./markdown";

/** The answer as it is written, and the files that it names. */
export function Answer({ view }: { view: RunView }): JSX.Element | null {
  // Where the answer was not reached, what was made until then is there all the same.
  const files = view.answered ? view.answerArtifacts : view.phase === "failed" || view.phase === "cancelled" ? madeBy(view) : [];
  if (!view.answer && files.length === 0) return null;
  return (
    <section class="answer" aria-label={t("answer")} aria-busy={!view.answered && view.phase === "running"}>
      {view.answer && <AnswerText view={view} />}
      {files.length > 0 && (
        <ul class="results" aria-label={t("results")}>
          {[...new Set(files)].map((name) => (
            <li key={name}>
              <ArtifactView name={name} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The built-in responder writes plain sentences, in which signs mean themselves; others write Markdown. */
function AnswerText({ view }: { view: RunView }): JSX.Element {
  const live = view.answered ? "polite" : "off";
  if ((view.stages.STAGE_RESPOND?.performer || PLAIN) === PLAIN) {
    return (
      <p class="answer-text" aria-live={live}>
        {view.answer}
      </p>
    );
  }
  return <div class="answer-text is-markdown" aria-live={live} dangerouslySetInnerHTML={{ __html: htmlOf(view.answer) }} />;
}

const PLAIN = "builtin";
