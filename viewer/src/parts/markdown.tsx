import { memo } from "react";
import { LongText } from "../ui/long-text.tsx";
// With the page and not when it is first needed: its server may be away by then, and browsers do not try again.
import Rendered from "./markdown-rendered.tsx";

/** Above it text is shown as it is: markdown of that length takes seconds. */
const LIMIT = 30_000;

/** Text of a person or a model as markdown. Nothing in it runs, loads or leaves the page by itself. */
export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  if (text.length > LIMIT) return <LongText text={text} className="plain" />;
  return <Rendered text={text} />;
});
