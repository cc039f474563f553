import { expected, judgeRecording, type Judgement } from "../cluster/recording-verdicts.ts";

/** How the verdict about a recorded rollout compares with what its notes say. Times are recorded milliseconds. */
export interface RecordingVerdict extends Judgement {
  /** The first moment at which somebody who sees all could tell. */
  readonly decidable: number;
}

/** Replays every recording event by event. */
export function judgeRecordings(): readonly RecordingVerdict[] {
  return expected.map((one) => ({ ...judgeRecording(one), decidable: one.decidable }));
}
