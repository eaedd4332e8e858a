//! Lists the treatments of the sites, with enough pharmacology for the demo data to resemble real protocols.

/// A substance by a route.
#[derive(Debug)]
pub(super) struct Treatment {
    pub(super) substance: &'static str,
    pub(super) route: &'static str,
    /// Doses in milligrams.
    pub(super) doses: &'static [f64],
    pub(super) indications: &'static [&'static str],
    /// Medications that the patient may continue.
    pub(super) medications: &'static [&'static str],
    /// Minute of the session at which the dose is given. Substances that act for an hour or less are given after some
    /// preparation on the same day.
    pub(super) dose_at: i32,
    /// Minutes from the dose to the peak.
    pub(super) rise: i32,
    /// Minutes from the peak until half of the effect is gone.
    pub(super) fade: i32,
    /// Booster doses in milligrams with their route; empty without boosters.
    pub(super) boosters: &'static [(f64, &'static str)],
    /// Usual MEQ-30, in percent.
    pub(super) mystical: (f64, f64),
    /// Possible safety events.
    pub(super) safety_events: &'static [&'static str],
    /// Probability of a safety event.
    pub(super) risk: f64,
}

pub(super) const PTSD: &str = "Post-Traumatic Stress Disorder (PTSD)";
pub(super) const GAD: &str = "Generalized Anxiety Disorder (GAD)";
pub(super) const SOCIAL_ANXIETY: &str = "Social Anxiety Disorder";
pub(super) const OCD: &str = "Obsessive-Compulsive Disorder (OCD)";
const MDD: &str = "Major Depressive Disorder (MDD)";
const TRD: &str = "Treatment-Resistant Depression (TRD)";
const SUBSTANCE_USE: &str = "Substance Use Disorder";
const END_OF_LIFE: &str = "End-of-Life Distress";

const SEROTONERGIC: &[&str] =
    &["Bupropion (Wellbutrin)", "Trazodone (Desyrel)", "Lamotrigine (Lamictal)", "Mirtazapine (Remeron)"];
const KETAMINE: &[&str] = &[
    "Sertraline (Zoloft)",
    "Escitalopram (Lexapro)",
    "Fluoxetine (Prozac)",
    "Venlafaxine (Effexor)",
    "Duloxetine (Cymbalta)",
    "Bupropion (Wellbutrin)",
    "Mirtazapine (Remeron)",
    "Lamotrigine (Lamictal)",
    "Quetiapine (Seroquel)",
    "Lorazepam (Ativan)",
    "Clonazepam (Klonopin)",
];
const KETAMINE_EVENTS: &[&str] = &["Nausea", "Hypertension", "Dizziness", "Dissociation", "Headache"];

pub(super) const TREATMENTS: [Treatment; 8] = [
    Treatment {
        substance: "Psilocybin",
        route: "Oral",
        doses: &[20.0, 25.0, 25.0, 25.0, 30.0],
        indications: &[TRD, TRD, MDD, MDD, END_OF_LIFE, SUBSTANCE_USE, OCD],
        medications: SEROTONERGIC,
        dose_at: 20,
        rise: 130,
        fade: 110,
        boosters: &[(5.0, "Psilocybin PO"), (10.0, "Psilocybin PO")],
        mystical: (38.0, 94.0),
        safety_events: &["Anxiety", "Nausea", "Headache", "Panic Attack", "Paranoia", "Hypertension"],
        risk: 0.11,
    },
    Treatment {
        substance: "MDMA",
        route: "Oral",
        doses: &[80.0, 100.0, 120.0, 120.0],
        indications: &[PTSD, PTSD, PTSD, SOCIAL_ANXIETY],
        medications: &["Lamotrigine (Lamictal)", "Lorazepam (Ativan)"],
        dose_at: 20,
        rise: 115,
        fade: 120,
        boosters: &[(40.0, "MDMA PO, supplemental"), (60.0, "MDMA PO, supplemental")],
        mystical: (22.0, 74.0),
        safety_events: &["Tachycardia", "Hypertension", "Anxiety", "Insomnia", "Headache"],
        risk: 0.11,
    },
    Treatment {
        substance: "Ketamine",
        route: "Intramuscular",
        doses: &[50.0, 60.0, 70.0, 80.0, 90.0, 100.0],
        indications: &[TRD, TRD, MDD, PTSD, PTSD, SUBSTANCE_USE],
        medications: KETAMINE,
        dose_at: 105,
        rise: 22,
        fade: 30,
        boosters: &[(20.0, "Ketamine IM"), (25.0, "Ketamine IM")],
        mystical: (25.0, 78.0),
        safety_events: KETAMINE_EVENTS,
        risk: 0.1,
    },
    Treatment {
        substance: "Ketamine",
        route: "Intravenous",
        doses: &[35.0, 40.0, 45.0, 50.0, 60.0],
        indications: &[TRD, TRD, MDD, GAD],
        medications: KETAMINE,
        dose_at: 100,
        rise: 32,
        fade: 25,
        boosters: &[],
        mystical: (15.0, 62.0),
        safety_events: KETAMINE_EVENTS,
        risk: 0.1,
    },
    Treatment {
        substance: "Ketamine",
        route: "Sublingual",
        doses: &[100.0, 150.0, 200.0, 250.0, 300.0],
        indications: &[GAD, GAD, MDD, TRD],
        medications: KETAMINE,
        dose_at: 90,
        rise: 40,
        fade: 35,
        boosters: &[(50.0, "Ketamine SL"), (100.0, "Ketamine SL")],
        mystical: (12.0, 55.0),
        safety_events: KETAMINE_EVENTS,
        risk: 0.1,
    },
    Treatment {
        substance: "LSD-25",
        route: "Oral",
        doses: &[0.1, 0.1, 0.15, 0.2],
        indications: &[GAD, GAD, END_OF_LIFE],
        medications: SEROTONERGIC,
        dose_at: 15,
        rise: 160,
        fade: 170,
        boosters: &[],
        mystical: (35.0, 90.0),
        safety_events: &["Anxiety", "Panic Attack", "Insomnia", "Nausea", "Visual Hallucination"],
        risk: 0.1,
    },
    Treatment {
        substance: "5-MeO-DMT",
        route: "Other / Non-Standard",
        doses: &[6.0, 8.0, 10.0, 12.0],
        indications: &[TRD, TRD, MDD],
        medications: &["Bupropion (Wellbutrin)", "Lamotrigine (Lamictal)"],
        dose_at: 130,
        rise: 8,
        fade: 14,
        boosters: &[(6.0, "5-MeO-DMT, vaporised")],
        mystical: (58.0, 98.0),
        safety_events: &["Anxiety", "Confusional State", "Nausea", "Tachycardia"],
        risk: 0.1,
    },
    Treatment {
        substance: "Ibogaine",
        route: "Oral",
        doses: &[500.0, 600.0, 700.0, 800.0],
        indications: &[SUBSTANCE_USE, SUBSTANCE_USE, PTSD],
        medications: &[],
        dose_at: 15,
        rise: 150,
        fade: 200,
        boosters: &[],
        mystical: (30.0, 80.0),
        safety_events: &["Nausea", "Dizziness", "Tachycardia", "Confusional State"],
        risk: 0.2,
    },
];

/// Treatments of each site as indexes of [`TREATMENTS`]; usual ones are repeated.
pub(super) const OF_SITE: [&[usize]; 5] =
    [&[2, 2, 3, 4, 0, 1], &[2, 3, 3, 4, 1, 0], &[0, 0, 0, 1, 5], &[6, 7, 2, 4, 0], &[1, 1, 0, 5]];
