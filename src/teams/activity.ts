import { z } from "zod";

/** The parts of a Bot Framework activity that omnibot reads. Everything else in it is left unread. */
const account = z.looseObject({
  id: z.string().min(1).max(500),
  name: z.string().max(500).nullish(),
  aadObjectId: z.string().max(100).nullish(),
});

export const incomingActivity = z.looseObject({
  type: z.string().min(1).max(100),
  id: z.string().min(1).max(500).optional(),
  channelId: z.string(),
  serviceUrl: z.string().max(2000),
  from: account,
  recipient: account,
  conversation: z.looseObject({
    id: z.string().min(1).max(1000),
    conversationType: z.string().nullish(),
    tenantId: z.string().nullish(),
  }),
  text: z.string().max(100_000).nullish(),
  entities: z.array(z.unknown()).max(1000).nullish(),
  name: z.string().nullish(),
  replyToId: z.string().max(500).nullish(),
  value: z.unknown().optional(),
  /** What is done to the app itself: `add`, `remove`, `add-upgrade`. */
  action: z.string().max(100).nullish(),
  membersAdded: z.array(z.looseObject({ id: z.string() })).nullish(),
  channelData: z
    .looseObject({
      tenant: z.looseObject({ id: z.string().nullish() }).nullish(),
      team: z.looseObject({ id: z.string().nullish() }).nullish(),
      channel: z.looseObject({ id: z.string().nullish() }).nullish(),
      settings: z
        .looseObject({ selectedChannel: z.looseObject({ id: z.string().nullish() }).nullish() })
        .nullish(),
    })
    .nullish(),
});

export type IncomingActivity = z.infer<typeof incomingActivity>;

/** The channel of a conversation: its id without the thread (microsoft/botframework-sdk#6626). */
export function channelOf(conversation: string): string {
  return conversation.split(";", 1)[0] ?? conversation;
}

/** Whether a conversation is a thread, rather than a whole channel. */
export function isThread(conversation: string): boolean {
  return conversation.includes(";messageid=");
}

/** Whether somebody speaks with omnibot alone. */
export function isPersonal({ conversation }: IncomingActivity): boolean {
  return conversation.conversationType === "personal";
}
