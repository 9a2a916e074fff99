package org.jhorovod.allreduce.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The values of all {@link Settings} in force; immutable. */
public final class Configuration {
    private static final Logger logger = LoggerFactory.getLogger(Configuration.class);

    /** Where this system has memory that processes share, as a file system. */
    public static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Map<String, Object> values;
    private final Set<String> given;
    private final Surroundings surroundings;

    /**
     * What is no setting of ours.
     *
     * @param mpirun what mpirun said, if it has started this process
     * @param slurmStep the step that this process is a task of, if srun has started it
     * @param home of this process's user
     * @param libraryFolders where native libraries are looked for first
     */
    private record Surroundings(
            Optional<MpirunOptions> mpirun,
            Optional<SlurmStep> slurmStep,
            Path home,
            List<Path> libraryFolders) {}

    private Configuration(
            Map<String, Object> values, Set<String> given, Surroundings surroundings) {
        this.values = Map.copyOf(values);
        this.given = Set.copyOf(given);
        this.surroundings = surroundings;
    }

    /**
     * Reads system properties and the environment of this process.
     *
     * @throws ConfigurationException listing every value that cannot be used
     */
    public static Configuration fromProcess() {
        Properties properties = System.getProperties();
        Configuration configuration = from(properties::getProperty, System.getenv()::get);
        if (configuration.find(Settings.RANK).orElse(0) == 0) {
            warnOfUnknown(properties);
        }
        return configuration;
    }

    /** Where the Java runtime of this process lies. */
    public static Path javaFolder() {
        return Path.of(System.getProperty("java.home"));
    }

    private static void warnOfUnknown(Properties properties) {
        List<String> names = new ArrayList<>(properties.stringPropertyNames());
        names.addAll(System.getenv().keySet());
        for (String name : Settings.unknown(names)) {
            logger.warn(
                    "{} is no setting of JHorovod, and has no effect. jhorovodrun --help lists"
                            + " them.",
                    name);
        }
    }

    /**
     * Reads given properties and a given environment.
     *
     * @throws ConfigurationException listing every value that cannot be used
     */
    public static Configuration from(
            UnaryOperator<@Nullable String> properties,
            UnaryOperator<@Nullable String> environment) {
        Map<String, Object> values = new HashMap<>();
        List<String> faults = new ArrayList<>();
        Optional<ForeignLauncher> foreign = ForeignLauncher.detect(environment);
        List<Source> sources = new ArrayList<>();
        sources.add(
                new Source(s -> "-D" + s.propertyName(), Configuration::asProperty, properties));
        sources.add(new Source(Setting::environmentName, Setting::environmentName, environment));
        if (!isSet(Settings.RANK, sources)) {
            findPlace(isSet(Settings.SIZE, sources), foreign, environment, faults)
                    .ifPresent(place -> sources.add(new Source(place)));
        }
        for (Setting<?> setting : Settings.all()) {
            read(setting, sources, values, faults);
        }
        Set<String> given =
                Settings.all().stream()
                        .filter(setting -> isSet(setting, sources))
                        .map(Setting::name)
                        .collect(Collectors.toSet());
        checkTogether(values, faults);
        if (!faults.isEmpty()) {
            throw new ConfigurationException(faults);
        }
        return new Configuration(
                values,
                given,
                new Surroundings(
                        foreign.filter(ForeignLauncher.OPEN_MPI::equals)
                                .map(launcher -> MpirunOptions.read(environment)),
                        foreign.filter(ForeignLauncher.SLURM::equals)
                                .map(launcher -> SlurmStep.read(environment)),
                        home(environment.apply("HOME")),
                        libraryFolders(
                                environment.apply("LD_LIBRARY_PATH"),
                                properties.apply("jna.library.path"))));
    }

    /** What others say of the rank's place, where our own launcher does not. */
    private static Optional<ForeignPlace> findPlace(
            boolean isSizeKnown,
            Optional<ForeignLauncher> foreign,
            UnaryOperator<@Nullable String> environment,
            List<String> faults) {
        if (isSizeKnown) {
            return ForeignLauncher.indexedJob(environment);
        }
        try {
            return foreign.map(launcher -> launcher.place(environment));
        } catch (IllegalArgumentException e) {
            faults.add(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static Path home(@Nullable String variable) {
        try {
            return Path.of(variable == null ? System.getProperty("user.home") : variable);
        } catch (InvalidPathException e) {
            logger.debug("HOME is a folder that this locale has no letters for", e);
            return Path.of("");
        }
    }

    private static List<Path> libraryFolders(@Nullable String... lists) {
        List<Path> folders = new ArrayList<>();
        for (String list : lists) {
            if (list != null) {
                for (String folder : list.split("[:;]", 0)) {
                    addFolder(folder, folders);
                }
            }
        }
        return List.copyOf(folders);
    }

    private static void addFolder(String name, List<Path> folders) {
        try {
            folders.add(Path.of(name));
        } catch (InvalidPathException e) {
            logger.debug("A library folder has a name that this locale has no letters for", e);
        }
    }

    /** A place where texts of settings stand; the first that has one wins. */
    private record Source(
            Function<Setting<?>, @Nullable String> shownName,
            Function<Setting<?>, @Nullable String> texts) {

        Source(
                Function<Setting<?>, @Nullable String> shownName,
                Function<Setting<?>, @Nullable String> name,
                UnaryOperator<@Nullable String> texts) {
            this(shownName, setting -> textOf(name.apply(setting), texts));
        }

        Source(ForeignPlace place) {
            this(place::variableFor, place::textFor);
        }

        private static @Nullable String textOf(
                @Nullable String name, UnaryOperator<@Nullable String> texts) {
            return name == null ? null : texts.apply(name);
        }

        @Nullable String text(Setting<?> setting) {
            String text = texts.apply(setting);
            return text == null || text.isBlank() ? null : text;
        }
    }

    /** Properties stand on the command line, which every user of the machine can read. */
    private static @Nullable String asProperty(Setting<?> setting) {
        return setting.name().equals(Settings.SECRET.name()) ? null : setting.propertyName();
    }

    private static boolean isSet(Setting<?> setting, List<Source> sources) {
        for (Source source : sources) {
            if (source.text(setting) != null) {
                return true;
            }
        }
        return false;
    }

    /** The defaults with some values replaced; for programs and tests. */
    public static Configuration of(Map<Setting<?>, String> texts) {
        Map<String, String> byName = new HashMap<>();
        texts.forEach((setting, text) -> byName.put(setting.environmentName(), text));
        return from(name -> null, byName::get);
    }

    private static void read(
            Setting<?> setting,
            List<Source> sources,
            Map<String, Object> values,
            List<String> faults) {
        String text = setting.defaultText();
        String shownName = setting.environmentName();
        for (Source source : sources) {
            String found = source.text(setting);
            if (found != null) {
                text = found;
                shownName = source.shownName().apply(setting);
                break;
            }
        }
        if (text == null) {
            return;
        }
        try {
            values.put(setting.name(), setting.parser().apply(text.trim()));
        } catch (IllegalArgumentException e) {
            faults.add(
                    "%s is '%s', but must be: %s. (%s)"
                            .formatted(shownName, text, setting.range(), setting.description()));
        }
    }

    private static void checkTogether(Map<String, Object> values, List<String> faults) {
        requireBelow(values, Settings.RANK, Settings.SIZE, faults);
        requireBelow(values, Settings.LOCAL_RANK, Settings.LOCAL_SIZE, faults);
        requireBelow(values, Settings.CROSS_RANK, Settings.CROSS_SIZE, faults);
    }

    private static void requireBelow(
            Map<String, Object> values,
            Setting<Integer> number,
            Setting<Integer> count,
            List<String> faults) {
        if (values.get(number.name()) instanceof Integer n
                && values.get(count.name()) instanceof Integer c
                && n >= c) {
            faults.add(
                    "%s is %d, but must be less than %s, which is %d."
                            .formatted(number.environmentName(), n, count.environmentName(), c));
        }
    }

    /** The value of a setting that has a default. */
    public <T> T get(Setting<T> setting) {
        Optional<T> value = find(setting);
        if (value.isEmpty()) {
            throw new NoSuchElementException(
                    setting.environmentName() + " is not set. " + setting.description());
        }
        return value.get();
    }

    /** The value of a setting that may be absent. */
    @SuppressWarnings("unchecked") // only the setting's own parser puts a value under its name
    public <T> Optional<T> find(Setting<T> setting) {
        return Optional.ofNullable((T) values.get(setting.name()));
    }

    /** The values in force of what users may turn, as reports show them; no secrets. */
    public List<ShownSetting> shown() {
        List<ShownSetting> shown = new ArrayList<>();
        for (Setting<?> setting : Settings.ofUser()) {
            Object value = values.get(setting.name());
            if (value != null) {
                shown.add(
                        new ShownSetting(setting.environmentName(), words(value), isSet(setting)));
            }
        }
        return shown;
    }

    private static String words(Object value) {
        if (value instanceof Duration time) {
            return time.toMillis() / 1000.0 + " s";
        }
        return value instanceof Enum<?> choice
                ? choice.name().toLowerCase(Locale.ROOT) // as users write it
                : value.toString();
    }

    /** Whether somebody has set a setting, be it to its default. */
    public boolean isSet(Setting<?> setting) {
        return given.contains(setting.name());
    }

    /** What Open MPI's {@code mpirun} said, if it has started this process. */
    public Optional<MpirunOptions> mpirun() {
        return surroundings.mpirun();
    }

    /** The step of Slurm that this process is a task of, if {@code srun} has started it. */
    public Optional<SlurmStep> slurmStep() {
        return surroundings.slurmStep();
    }

    /** Where ranks leave word for each other that nobody told where to meet. */
    public Path meetingFolder() {
        return find(Settings.MEETING_FOLDER).orElse(surroundings.home().resolve(".jhorovod"));
    }

    /** Where native libraries are looked for before the system's own folders. */
    public List<Path> libraryFolders() {
        return surroundings.libraryFolders();
    }

    /**
     * Where files of the job's life belong: in a launcher's run beside its secret, in a folder that
     * its agent removes at the end, however the ranks end; under mpirun in a folder that this
     * removes; otherwise the system's temporary folder.
     */
    public Path temporaryFolder() {
        Optional<Path> secret = find(Settings.SECRET_FILE);
        if (find(Settings.RUN_ID).isPresent() && secret.isPresent()) {
            Path folder = secret.get().toAbsolutePath().getParent();
            if (folder != null) {
                return folder;
            }
        }
        Path ofSystem = Path.of(System.getProperty("java.io.tmpdir"));
        return mpirun().flatMap(MpirunOptions::sessionFolder).orElse(ofSystem);
    }

    /** A folder in memory: that which the launcher clears away, where it has one there. */
    public Path sharedMemoryFolder() {
        Path temporary = temporaryFolder();
        return find(Settings.SHARED_MEMORY_FOLDER)
                .orElse(temporary.startsWith(SHARED_MEMORY) ? temporary : SHARED_MEMORY);
    }
}
