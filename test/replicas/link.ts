import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** The network between one replica and PostgreSQL. */
export interface Link {
  readonly port: number;
  /** Ends every connection, and refuses new ones. */
  cut(): void;
  /** Lets nothing through, and says nothing: as when a cable is pulled. */
  hang(): void;
  /** Lets everything through again; what hung is ended, as a network that forgot it would. */
  mend(): void;
  close(): Promise<void>;
}

export async function startLink(target: { host: string; port: number }): Promise<Link> {
  let mode: "open" | "cut" | "hung" = "open";
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    sockets.add(near);
    near.on("error", () => {}).once("close", () => sockets.delete(near));
    if (mode === "cut") return void near.destroy();
    if (mode === "hung") return void near.pause();
    const far = connect(target);
    sockets.add(far);
    far
      .on("error", () => {})
      .once("close", () => {
        sockets.delete(far);
        near.destroy();
      });
    near.once("close", () => far.destroy());
    // Data that arrives while the link hangs is lost with its connection.
    near.on("data", (data) => mode === "open" && far.write(data));
    far.on("data", (data) => mode === "open" && near.write(data));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the link has no port");
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    port: address.port,
    cut() {
      mode = "cut";
      end();
    },
    hang: () => void (mode = "hung"),
    mend() {
      if (mode === "hung") end();
      mode = "open";
    },
    async close() {
      end();
      server.close();
      await once(server, "close");
    },
  };
}
