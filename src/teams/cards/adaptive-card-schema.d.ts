/**
 * adaptivecards-templating's types import a source file of adaptivecards, which would then be checked as if it were ours.
 * tsconfig.json puts this in its place.
 */
export interface IAdaptiveCard {
  readonly type: "AdaptiveCard";
}
