/** Takes what is wrong. */
export type Report = (violation: string) => void;
