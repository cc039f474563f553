import { connectionOf } from "../../src/store/database.ts";

describe("the way to PostgreSQL", () => {
  const url =
    "postgres://omnibot@omnibot.postgres.database.azure.com:5432/omnibot?sslmode=verify-full";

  test("is by TLS, and by the token of the moment, where the address holds no password", async () => {
    let count = 0;
    const connection = connectionOf({ url, password: async () => `token-${(count += 1)}` });
    expect(connection).toMatchObject({
      user: "omnibot",
      host: "omnibot.postgres.database.azure.com",
      database: "omnibot",
    });
    expect(connection.ssl).toBeTruthy();
    const { password } = connection;
    const ask = typeof password === "function" ? password : () => "";
    expect([await ask(), await ask()]).toEqual(["token-1", "token-2"]);
  });

  test("is by the address's own password where it has one", () => {
    expect(connectionOf({ url: "postgres://omnibot:word@db:5432/omnibot" }).password).toBe("word");
  });
});
