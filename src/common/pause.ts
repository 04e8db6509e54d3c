/** Lets time pass. The process may end meanwhile: what is tried again and again must not keep it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
