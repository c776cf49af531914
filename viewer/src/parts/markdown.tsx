import { lazy, memo, Suspense } from "react";
import { LongText } from "../ui/long-text.tsx";

/** Above it text is shown as it is: markdown of that length takes seconds. */
const LIMIT = 30_000;

const Rendered = lazy(() => import("./markdown-rendered.tsx"));

/** Text of a person or a model as markdown. Nothing in it runs, loads or leaves the page by itself. */
export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  if (text.length > LIMIT) return <LongText text={text} className="plain" />;
  return (
    <Suspense fallback={<div className="plain">{text}</div>}>
      <Rendered text={text} />
    </Suspense>
  );
});
