import type { JSX } from "preact";
import type { Value, Values } from "../api/messages";
import { number, sentence, t } from "../language/language";
import { ArtifactView } from "./artifact";
import { Table, tableOf } from "./table";

/** Inputs or outputs by their names. */
export function ValueList({ values, isSmall = false }: { values: Values; isSmall?: boolean }): JSX.Element {
  return (
    <dl class="values">
      {Object.entries(values).map(([name, value]) => (
        <div key={name}>
          <dt>{sentence(name)}</dt>
          <dd>
            <ValueView value={value} isSmall={isSmall} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function ValueView({ value, isSmall }: { value: Value; isSmall: boolean }): JSX.Element {
  if (value.text !== undefined) return <span class="value-text">{value.text}</span>;
  if (value.number !== undefined) return <span>{number(value.number)}</span>;
  if (value.boolean !== undefined) return <span>{t(value.boolean ? "yes" : "no")}</span>;
  if (value.artifact) return <ArtifactView name={value.artifact} isSmall={isSmall} />;
  if (value.output) {
    return <span class="value-from">{t("from", { output: sentence(value.output.output), task: value.output.taskId })}</span>;
  }
  if (value.list) {
    return (
      <ul class="value-list">
        {(value.list.items ?? []).map((item, place) => (
          <li key={place}>
            <ValueView value={item} isSmall={isSmall} />
          </li>
        ))}
      </ul>
    );
  }
  const table = tableOf(value.json);
  if (table) return <Table {...table} />;
  return (
    <pre class="text" tabIndex={0}>
      {JSON.stringify(value.json, null, 1)}
    </pre>
  );
}
