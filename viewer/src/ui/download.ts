/** Gives a file to the person's browser. */
export function download(name: string, type: string, parts: BlobPart[]): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data once it began.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A session's id as a file name: what no file system takes is replaced. */
export function fileName(id: string, ending: string): string {
  const safe = id.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "session";
  return `${safe}.${ending}`;
}
