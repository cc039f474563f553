/** Whether a newer revision ends the wait for an older one. */
export interface Overtaking {
  /** The feature gate CancelHealthCheckOnNewRevision, off as in Flux. */
  readonly cancelOnNewRevision?: boolean;
}
