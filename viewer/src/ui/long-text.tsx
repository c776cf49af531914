import { useState } from "react";

/** Text that is cut where it is long, since a browser needs seconds to lay megabytes out. */
export function LongText(props: {
  readonly text: string;
  readonly limit?: number;
  readonly className?: string;
}) {
  const { text, limit = 20_000, className } = props;
  const [all, setAll] = useState(false);
  const cut = !all && text.length > limit;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also by keyboard */}
      <pre className={className} tabIndex={0}>
        {cut ? text.slice(0, limit) : text}
      </pre>
      {cut && (
        <button type="button" onClick={() => setAll(true)}>
          Show all ({(text.length / 1_000_000).toFixed(1)} million characters)
        </button>
      )}
    </>
  );
}
