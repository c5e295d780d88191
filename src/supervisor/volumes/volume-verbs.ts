import { volumesMax } from "#core/volume.ts";
import type { Verbs } from "../protocol.ts";
import { appNameOf, fields, numberMax, whole } from "../shape.ts";
import { makeVolume, type VolumeContext } from "./make-volume.ts";

type Args = Verbs["release.volume"]["args"];

/** Row of the table of verbs (verbs.ts). */
export const volumeVerbs = {
  "release.volume": {
    parse: (args: unknown): Args => {
      const found = fields(args, "release.volume", ["app", "release", "volume"]);
      return {
        app: appNameOf(found["app"], "app"),
        release: whole(found["release"], "release", 0, numberMax),
        volume: whole(found["volume"], "volume", 0, volumesMax),
      };
    },
    serve: (args: Args, context: VolumeContext) => makeVolume(args, context),
  },
};
