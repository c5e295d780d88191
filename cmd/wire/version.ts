/** The product's version, as the package says it. */
import packageJson from "../../package.json" with { type: "json" };

export const version: string = packageJson.version;
