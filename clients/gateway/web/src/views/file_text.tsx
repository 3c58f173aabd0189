import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { contentAddress } from "../api/calls";
import type { Artifact } from "../api/messages";
import { t } from "../language/language";
import { rowsOf } from "../run/delimited";
import { Table } from "./table";

const SHOWN_BYTES = 16_384;
const TEXTS = /^(text\/|application\/(json|yaml|xml|x-yaml)$)/;
const TABLES: Readonly<Record<string, string>> = { "text/csv": ",", "text/tab-separated-values": "\t" };

/** Whether a file is text, to be shown as it is. */
export function isReadable({ mediaType }: Artifact): boolean {
  return TEXTS.test(mediaType);
}

/** The beginning of a text file, or of a table. */
export function FileText({ described }: { described: Artifact }): JSX.Element | null {
  const text = useSignal("");
  useEffect(() => {
    const leaving = new AbortController();
    const headers = { Range: `bytes=0-${SHOWN_BYTES - 1}` };
    fetch(contentAddress(described.name), { headers, signal: leaving.signal })
      .then((response) => (response.ok ? response.text() : ""))
      .then((content) => (text.value = content))
      .catch(() => undefined);
    return () => leaving.abort();
  }, [described.name]);
  if (!text.value) return null;
  const isCut = Number(described.sizeBytes ?? 0) > SHOWN_BYTES;
  const delimiter = TABLES[described.mediaType];
  if (delimiter) {
    const rows = rowsOf(text.value, delimiter);
    const [names = [], ...more] = isCut ? rows.slice(0, -1) : rows;
    return <Table names={names} rows={more} isCut={isCut} />;
  }
  return (
    <>
      <pre class="text" tabIndex={0}>
        {text.value}
      </pre>
      {isCut && <p class="hint">{t("moreText")}</p>}
    </>
  );
}
