/** Who and what exists in the sandbox: every stand-in, the demo and the tests speak of the same tenant, team and people. */
export interface SandboxPerson {
  /** The word by which tests and the demo call them. */
  readonly key: string;
  readonly name: string;
  readonly givenName: string;
  readonly surname: string;
  readonly email: string;
  /** The id that Teams gives a person towards one bot. */
  readonly id: string;
  /** Entra object id. */
  readonly aadObjectId: string;
}

export const tenantId = "11111111-1111-4111-8111-111111111111";

export const bot = {
  appId: "5f0c3b7e-2f4d-4c8e-9a51-6d1e0c7b4a20",
  id: "28:5f0c3b7e-2f4d-4c8e-9a51-6d1e0c7b4a20",
  name: "omnibot",
} as const;

export const team = {
  id: "19:omnispatial@thread.tacv2",
  aadGroupId: "7c1f5f0e-6a53-4a0b-9b7d-3f5f1d0c2e11",
  name: "OmniSpatial",
} as const;

export const channel = { id: "19:deployments@thread.tacv2", name: "Deployments" } as const;

/** Asks for deployments. */
export const alex: SandboxPerson = {
  key: "alex",
  name: "Alex Wilber",
  givenName: "Alex",
  surname: "Wilber",
  email: "alex.wilber@omnispatial.example",
  id: "29:1aWxYt4vQkq2hJm0Zr7cNfLd9sBpEoUi5gTnRx3yKeVwDzAlCbHuSjPf6GMq8I",
  aadObjectId: "a1e80b5c-4d3f-4b1e-9c27-5e0f7a6d2b01",
};

/** Approves. */
export const megan: SandboxPerson = {
  key: "megan",
  name: "Megan Bowen",
  givenName: "Megan",
  surname: "Bowen",
  email: "megan.bowen@omnispatial.example",
  id: "29:1mBgNz8wRtL5xKc3Vj6dPhQf2yUaSoEi9kTnWb7eJrXvCzMlDgGuYsAp4HFq1O",
  aadObjectId: "be3a7c2d-91f4-4e60-8a5b-2c7d40f9e302",
};

/** Approves. */
export const adele: SandboxPerson = {
  key: "adele",
  name: "Adele Vance",
  givenName: "Adele",
  surname: "Vance",
  email: "adele.vance@omnispatial.example",
  id: "29:1aVdKq3eTyM7zLb5Xh8fRjSg4wPcUoNi1mVnYd9aHtZxEzKlFiJuWbCr6QGs2B",
  aadObjectId: "ad0c5e1f-7b28-4a93-b6f4-8e1d92c3a703",
};

/** Approves. */
export const lee: SandboxPerson = {
  key: "lee",
  name: "Lee Gu",
  givenName: "Lee",
  surname: "Gu",
  email: "lee.gu@omnispatial.example",
  id: "29:1lGuPw6rXvB9cNd7Zk1gTmUh5yQeWoAi3oXnAf2jLtBzGyHlIkKuEdSs8RJv4D",
  aadObjectId: "1ee9f4a6-3c5d-4f72-9d81-6b0a5c8e7f04",
};

/** A member of the team who may not approve. */
export const diego: SandboxPerson = {
  key: "diego",
  name: "Diego Siciliani",
  givenName: "Diego",
  surname: "Siciliani",
  email: "diego.siciliani@omnispatial.example",
  id: "29:1dScHr9tZxD2eQf4Bm3iVnWj6zSgYoCi5qZnCh7lNvDxIyJlKmLuGfUt1SKw8F",
  aadObjectId: "d1e60c7b-5a84-4d19-ae32-4f9b8d7c1e05",
};

export const people: readonly SandboxPerson[] = [alex, megan, adele, lee, diego];

export const approvers: readonly SandboxPerson[] = [megan, adele, lee];

/** Finds somebody by key, name, Teams id or Entra object id. */
export function findPerson(who: string): SandboxPerson | undefined {
  return people.find((one) => [one.key, one.name, one.id, one.aadObjectId].includes(who));
}
