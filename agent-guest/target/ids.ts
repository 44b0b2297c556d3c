/** What the pieces of exports are called, whichever fabric they are of. */
export const targetId = (name: string) => `target ${name}`;
export const lunId = (name: string, number: string) => `lun ${name}/${number}`;
export const portalId = (name: string, portal: string) => `portal ${name} ${portal}`;
export const initiatorId = (name: string, initiator: string) => `initiator ${name} ${initiator}`;
export const mappingId = (name: string, initiator: string, number: string) => `mapping ${name} ${initiator}/${number}`;
export const openingId = (name: string) => `opening ${name}`;
