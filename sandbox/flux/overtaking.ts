/** What ends the wait for a release: a newer revision, or its time-out. */
export interface Overtaking {
  /** The feature gate CancelHealthCheckOnNewRevision, off as in Flux. */
  readonly cancelOnNewRevision?: boolean;
  /**
   * How many times longer Helm waits than its release says; once by default. At high speed on a busy machine its time-outs would
   * come before anything had a chance.
   */
  readonly helmPatience?: number;
}
