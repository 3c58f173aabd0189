/** Markdown, as language models write it, made HTML that shows text and does nothing else. */

import DOMPurify from "dompurify";
import { Marked } from "marked";

const TAGS = [
  "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
  "table", "tbody", "td", "th", "thead", "tr", "ul",
];
const LINKS = /^https?:\/\//i;
// Answers stand below the headings of the page.
const HIGHEST_HEADING = 3;

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // Markup in an answer is text that somebody quotes: it is shown as it is written.
    html: ({ text }) => escaped(text),
    // A picture of another place is a link to it: the page fetches nothing from elsewhere.
    image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
    heading({ tokens, depth }) {
      const level = Math.min(depth + HIGHEST_HEADING - 1, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

/** Makes HTML of Markdown; what is not safe to show as HTML is shown as text. */
export function htmlOf(markdown: string): string {
  const html = marked.parse(markdown, { async: false });
  return DOMPurify.sanitize(html, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "start"], ALLOWED_URI_REGEXP: LINKS });
}

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
