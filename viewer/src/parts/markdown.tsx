import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { LongText } from "../ui/long-text.tsx";

/** Above it text is shown as it is: markdown of that length takes seconds. */
const LIMIT = 30_000;

/** Text of a person or a model as markdown. Nothing in it runs, loads or leaves the page by itself. */
export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  if (text.length > LIMIT) return <LongText text={text} className="plain" />;
  return (
    <div className="markdown">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
});

// A heading of somebody's text is none of the page's: it would break the order that readers go by.
const Heading = ({ children }: { readonly children?: React.ReactNode }) => (
  <p className="heading">{children}</p>
);

const components: Components = {
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  // An image from elsewhere would tell its server who reads this: it is a link until somebody follows it.
  img: ({ src, alt }) => (
    <ExternalLink href={typeof src === "string" ? src : ""}>{alt || "image"}</ExternalLink>
  ),
  a: ({ href = "", children }) => <ExternalLink href={href}>{children}</ExternalLink>,
};

function ExternalLink({ href, children }: { readonly href: string; readonly children: React.ReactNode }) {
  if (!/^(?:https?|mailto):/i.test(href)) return <span title={href}>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener nofollow" title={href}>
      {children}
    </a>
  );
}
