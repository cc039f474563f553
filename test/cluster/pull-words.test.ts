import { pullWords } from "../../src/cluster/pull-words.ts";

const image = "omnispatial.azurecr.io/omnispatial/web:production-40672";
const unpack = `failed to pull and unpack image "${image}": failed to resolve reference "${image}"`;
const token = "https://omnispatial.azurecr.io/oauth2/token";
const denied = `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to ${token}`;

test.each([
  [`rpc error: code = NotFound desc = ${unpack}: ${image}: not found`, `${image}: not found`],
  [
    `Back-off pulling image "${image}": ErrImagePull: ${unpack}: ${denied}?scope=repository%3Aweb%3Apull&service=x: 401 Unauthorized`,
    `${denied}: 401 Unauthorized`,
  ],
  [`Back-off pulling image "${image}"`, ""],
  [
    "pull access denied, repository does not exist",
    "pull access denied, repository does not exist",
  ],
])("the reason of a failed pull is what is left of it: %s", (message, reason) => {
  expect(pullWords(message)).toBe(reason);
});
