import { z } from "zod";

const Role = z.enum(["admin", "member"]);
export const Tier = z.enum(["free", "basic", "pro"]);
export type Tier = z.infer<typeof Tier>;

/** A person, as an admin sees them. */
export const User = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  tier: Tier,
  created_at: z.string(),
});
export type User = z.infer<typeof User>;

/** Body of `POST /v1/admin/users`. Names are unique, whatever their case. */
export const NewUser = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[A-Za-z0-9][\w.@-]*$/, "letters, digits and _ . @ -, a letter or digit first"),
  role: Role.optional(),
  tier: Tier.optional(),
});
export type NewUser = z.infer<typeof NewUser>;

/** The new person. The key is told here, this once. */
export const UserAdded = z.object({ user: User, key: z.string() });
export type UserAdded = z.infer<typeof UserAdded>;
