/** A sample that could not be taken because the machine was busy: it says nothing about the server. */
export class NoSample extends Error {
  /** Travels between processes, unlike the class. */
  code = NO_SAMPLE;
}

export const NO_SAMPLE = 'NO_SAMPLE';
