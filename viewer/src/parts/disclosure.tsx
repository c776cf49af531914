import type { ReactNode } from "react";
import { useExpanded } from "../conversation/expansion.ts";

/** A line that unfolds. What is folded is not rendered: hundreds of closed ones cost nothing. */
export function Disclosure(props: {
  /** Unique in the conversation. */
  readonly name: string;
  readonly summary: ReactNode;
  readonly className?: string;
  readonly openAtFirst?: boolean;
  readonly children: () => ReactNode;
}) {
  const { name, summary, className = "", openAtFirst = false, children } = props;
  const [open, flip] = useExpanded(name, openAtFirst);
  return (
    <div className={`disclosure ${className}`}>
      <button type="button" className="disclosure-summary" aria-expanded={open} onClick={flip}>
        <span aria-hidden="true" className="caret">
          {open ? "▾" : "▸"}
        </span>
        {summary}
      </button>
      {open && <div className="disclosure-body">{children()}</div>}
    </div>
  );
}
