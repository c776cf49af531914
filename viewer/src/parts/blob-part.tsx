import { useEffect, useState } from "react";
import { dataFileName } from "../model/file-name.ts";
import { bytes } from "../model/time.ts";
import { download } from "../ui/download.ts";

/** Larger ones are shown when somebody asks, in bytes. */
const SHOW_AT_ONCE = 512 * 1024;

/** Pictures that cannot hold a script. */
const images = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/i;
const sounds = /^audio\//i;

/** Bytes inside an event: a picture, a sound, or a file to download. */
export function BlobPart(props: {
  readonly mimeType: string;
  readonly data: string;
  readonly name: string | undefined;
}) {
  const { mimeType, data, name } = props;
  const size = Math.floor((data.length * 3) / 4);
  const [shown, setShown] = useState(size <= SHOW_AT_ONCE);
  const isImage = images.test(mimeType);
  const isSound = sounds.test(mimeType);
  const url = useBlobUrl(data, mimeType, shown && (isImage || isSound));
  const label = name ?? (mimeType === "" ? "data" : mimeType);
  return (
    <figure className="blob">
      {url !== undefined && isImage && <img src={url} alt={label} />}
      {/* biome-ignore lint/a11y/useMediaCaption: an event has no captions; its transcription is text of its own */}
      {url !== undefined && isSound && <audio controls src={url} aria-label={label} />}
      <figcaption>
        {label} · {bytes(size)}
        {!shown && (isImage || isSound) && (
          <button type="button" onClick={() => setShown(true)}>
            Show
          </button>
        )}
        <button
          type="button"
          className="quiet"
          onClick={() => {
            const content = decode(data);
            if (content !== undefined) download(dataFileName(label), "application/octet-stream", [content]);
          }}
        >
          Download
        </button>
      </figcaption>
    </figure>
  );
}

function useBlobUrl(data: string, mimeType: string, wanted: boolean): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const content = wanted ? decode(data) : undefined;
    if (content === undefined) return;
    const made = URL.createObjectURL(new Blob([content], { type: mimeType }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data, mimeType, wanted]);
  return url;
}

/** Base64 in either alphabet; undefined where it is none. */
function decode(data: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const binary = atob(data.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
