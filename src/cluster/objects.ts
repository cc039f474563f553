import { z } from "zod";

/** A time as the API gives it (text, a Date from the typed client, or null), as milliseconds since 1970. */
export const time = z
  .union([z.string(), z.date()])
  .nullish()
  .transform((value) => {
    if (value === null || value === undefined) return undefined;
    const milliseconds = new Date(value).getTime();
    return Number.isNaN(milliseconds) ? undefined : milliseconds;
  });

/** A list that the API leaves out, or writes as null, when it is empty. */
export function listOf<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
/** A counter that the API leaves out when it is zero. */
const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const words = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

export const metadata = z.object({
  name: z.string(),
  namespace: text,
  uid: z.string().default(""),
  generation: count,
  labels: words,
  annotations: words,
  creationTimestamp: time,
  deletionTimestamp: time,
  ownerReferences: listOf(z.object({ uid: z.string() })),
});

export const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: text,
  observedGeneration: z.number().nullish(),
  lastTransitionTime: time,
});

const probe = z
  .object({
    initialDelaySeconds: count,
    periodSeconds: z.number().default(10),
    timeoutSeconds: z.number().default(1),
    failureThreshold: z.number().default(3),
  })
  .nullish();
const container = z.object({
  name: z.string(),
  image: z.string().default(""),
  /** "Always" makes an init container a sidecar. */
  restartPolicy: text,
  readinessProbe: probe,
});
const podSpec = z.object({
  containers: listOf(container),
  initContainers: listOf(container),
});
const template = z.object({ spec: podSpec });

const selector = z.object({
  matchLabels: words,
  matchExpressions: listOf(
    z.object({
      key: z.string(),
      operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
      values: listOf(z.string()),
    }),
  ),
});

export const deployment = z.object({
  metadata,
  spec: z.object({
    replicas: z.number().default(1),
    paused: z.boolean().default(false),
    selector,
    template,
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      conditions: listOf(condition),
    })
    .prefault({}),
});

export const replicaSet = z.object({
  metadata,
  spec: z.object({ template }),
  status: z.object({ conditions: listOf(condition) }).prefault({}),
});

export const statefulSet = z.object({
  metadata,
  spec: z.object({
    replicas: z.number().default(1),
    selector,
    template,
    updateStrategy: z
      .object({ type: text, rollingUpdate: z.object({ partition: count }).nullish() })
      .prefault({}),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      readyReplicas: count,
      updatedReplicas: count,
      updateRevision: text,
    })
    .prefault({}),
});

export const daemonSet = z.object({
  metadata,
  spec: z.object({
    selector,
    template,
    updateStrategy: z.object({ type: text }).prefault({}),
  }),
  status: z
    .object({
      observedGeneration: count,
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
    })
    .prefault({}),
});

export const job = z.object({
  metadata,
  spec: z.object({
    suspend: z.boolean().default(false),
    selector: selector.prefault({}),
    template,
  }),
  status: z.object({ conditions: listOf(condition) }).prefault({}),
});

const containerState = z
  .object({
    waiting: z.object({ reason: text, message: text }).nullish(),
    running: z.object({ startedAt: time }).nullish(),
    terminated: z
      .object({ exitCode: count, reason: text, startedAt: time, finishedAt: time })
      .nullish(),
  })
  .nullish()
  .transform((state) => state ?? {});

const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: count,
  imageID: z.string().default(""),
  state: containerState,
  lastState: containerState,
});

export const pod = z.object({
  metadata,
  spec: podSpec,
  status: z
    .object({
      phase: text,
      reason: text,
      conditions: listOf(condition),
      initContainerStatuses: listOf(containerStatus),
      containerStatuses: listOf(containerStatus),
    })
    .prefault({}),
});

/** An event with its times brought together: `first` and `last` are when it was seen, in either of the two formats. */
export const event = z
  .object({
    metadata,
    type: text,
    reason: text,
    message: text,
    involvedObject: z.object({ uid: text, fieldPath: text }),
    count: z.number().nullish(),
    firstTimestamp: time,
    lastTimestamp: time,
    eventTime: time,
    series: z.object({ count: z.number().nullish(), lastObservedTime: time }).nullish(),
  })
  .transform((raw) => {
    const created = raw.metadata.creationTimestamp;
    return {
      type: raw.type,
      reason: raw.reason ?? "",
      message: raw.message ?? "",
      about: raw.involvedObject.uid,
      /** The container of a pod, where it is about one. */
      container: /\{(.+)\}$/.exec(raw.involvedObject.fieldPath ?? "")?.[1],
      count: raw.series?.count ?? raw.count ?? 1,
      first: raw.firstTimestamp ?? raw.eventTime ?? created,
      last: raw.series?.lastObservedTime ?? raw.lastTimestamp ?? raw.eventTime ?? created,
    };
  });

export type Condition = z.output<typeof condition>;
export type Deployment = z.output<typeof deployment>;
export type ReplicaSet = z.output<typeof replicaSet>;
export type StatefulSet = z.output<typeof statefulSet>;
export type DaemonSet = z.output<typeof daemonSet>;
export type Job = z.output<typeof job>;
export type Pod = z.output<typeof pod>;
export type ContainerStatus = z.output<typeof containerStatus>;
export type PodTemplate = z.output<typeof template>;
export type Selector = z.output<typeof selector>;
export type Event = z.output<typeof event>;

/** The condition of a type, where there is one. */
export function conditionOf(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((one) => one.type === type);
}

/** A selector as the query parameter `labelSelector` wants it. */
export function labelSelector({ matchLabels, matchExpressions }: Selector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const more = matchExpressions.map(({ key, operator, values }) => {
    switch (operator) {
      case "In":
        return `${key} in (${values.join(",")})`;
      case "NotIn":
        return `${key} notin (${values.join(",")})`;
      case "Exists":
        return key;
      case "DoesNotExist":
        return `!${key}`;
    }
  });
  return [...equal, ...more].join(",");
}
