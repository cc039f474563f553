import { alex, megan } from "../../sandbox/people.ts";
import { countAtEnd, killAtEach, oneOfEverything } from "./killed.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterEach(stopStories);

test(
  "P4 killed while it tells Flux, follows the pods, and checks the health, it goes on: one of everything",
  async () => {
    const story = await startStory();
    const { kubernetes, app } = story.world;
    await story.request(alex, "deploy production");
    const moments = [
      { at: kubernetes.standIn, method: "PATCH", path: "/gitrepositories/" },
      { at: kubernetes.standIn, method: "GET", path: "/namespaces/omnispatial/pods" },
      { at: app.standIn, method: "GET", path: "/healthz" },
    ];
    await killAtEach(story, moments, () => story.click(megan, "approve"));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);
