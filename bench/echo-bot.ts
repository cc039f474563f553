/**
 * The least that answers in Teams: restify and the SDK's adapter, as Microsoft's sample 02.echo-bot has them. It keeps nothing,
 * checks nothing, and answers within the turn.
 */
import { CloudAdapter, ConfigurationBotFrameworkAuthentication, type Request } from "botbuilder";
import restify from "restify";

const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication({}));
const server = restify.createServer();
server.use(restify.plugins.bodyParser());

server.get("/readyz", async (_request, response) => {
  response.send(200, { status: "ready" });
});
server.post("/api/messages", async (request, response) => {
  // restify's body parser has made an object of it.
  await adapter.process(request as Request, response, async (context) => {
    await context.sendActivity(`Echo: ${context.activity.text}`);
  });
});

server.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.stdout.write("ready\n"));
