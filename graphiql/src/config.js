/**
 * What the gateway tells the page: a JSON data block that it puts into index.html. The page works without it.
 */
const DEFAULTS = {
  endpoint: "/graphql",
  subscriptionEndpoint: null,
  title: "Praxis",
  personas: [],
  tabs: [],
};

function readConfig() {
  const text = document.getElementById("praxis-config")?.textContent;
  if (!text) {
    return DEFAULTS;
  }
  try {
    const given = JSON.parse(text);
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    return { ...DEFAULTS, ...known };
  } catch (error) {
    console.error("The page's configuration is not readable; going on with the defaults.", error);
    return DEFAULTS;
  }
}

function variablesText(variables) {
  if (!variables) {
    return "";
  }
  return typeof variables === "string" ? variables : JSON.stringify(variables, null, 2);
}

const raw = readConfig();

export const config = {
  ...raw,
  tabs: raw.tabs.map((tab) => ({ ...tab, variables: variablesText(tab.variables) })),
};
