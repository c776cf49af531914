import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

const components: Components = {
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

export default function MarkdownRendered({ text }: { readonly text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
