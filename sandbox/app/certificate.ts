import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate for `localhost` that is signed by itself and has expired, with its key, both as PEM. */
export function expiredCertificate(): { readonly cert: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = sequence(objectId("2a8648ce3d040302"));
  const name = sequence(set(sequence(objectId("550403"), tagged(0x0c, Buffer.from("localhost")))));
  const validity = sequence(time("240101000000Z"), time("240401000000Z"));
  const content = sequence(
    tagged(0xa0, integer(2)),
    integer(1),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", content, privateKey);
  const whole = sequence(
    content,
    algorithm,
    tagged(0x03, Buffer.concat([Buffer.of(0), signature])),
  );
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** One value of ASN.1 in DER. */
function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x82, Math.floor(length / 0x100), length % 0x100];
  return Buffer.concat([Buffer.of(tag, ...size), body]);
}

const sequence = (...content: readonly Buffer[]) => tagged(0x30, ...content);
const set = (...content: readonly Buffer[]) => tagged(0x31, ...content);
const integer = (value: number) => tagged(0x02, Buffer.of(value));
const objectId = (hex: string) => tagged(0x06, Buffer.from(hex, "hex"));
const time = (text: string) => tagged(0x17, Buffer.from(text));
