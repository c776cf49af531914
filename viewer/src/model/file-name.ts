/** Names of downloaded files, from names that are somebody else's. */

/** Endings under which nothing runs that somebody opens. */
const harmless = /\.(?:pdf|png|jpe?g|gif|webp|avif|bmp|txt|md|csv|json|jsonl|wav|mp3|ogg|mp4|webm|zip)$/i;

/** A name that an event gives to its data as a file name, which keeps its ending if it is a harmless one. */
export function dataFileName(name: string): string {
  const [ending = ".bin"] = harmless.exec(name) ?? [];
  return fileName(name.replace(harmless, ""), ending.slice(1));
}

/** A session's id as a file name: what no file system takes is replaced. */
export function fileName(id: string, ending: string): string {
  const safe = id.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "session";
  return `${safe}.${ending}`;
}
