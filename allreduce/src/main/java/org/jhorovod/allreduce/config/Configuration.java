package org.jhorovod.allreduce.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The values of all {@link Settings} in force; immutable. */
public final class Configuration {
    private static final Logger logger = LoggerFactory.getLogger(Configuration.class);

    /** Where this system has memory that processes share, as a file system. */
    public static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Map<String, Object> values;
    private final Optional<MpirunOptions> mpirun;
    private final List<Path> libraryFolders;

    private Configuration(
            Map<String, Object> values, Optional<MpirunOptions> mpirun, List<Path> libraryFolders) {
        this.values = Map.copyOf(values);
        this.mpirun = mpirun;
        this.libraryFolders = List.copyOf(libraryFolders);
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
        sources.add(new Source(Setting::environmentName, environment));
        if (!isSet(Settings.RANK, sources) && !isSet(Settings.SIZE, sources)) {
            if (foreign.isPresent()) {
                sources.add(new Source(foreign.get()::variableFor, environment));
            }
        }
        for (Setting<?> setting : Settings.all()) {
            read(setting, sources, values, faults);
        }
        checkTogether(values, faults);
        if (!faults.isEmpty()) {
            throw new ConfigurationException(faults);
        }
        return new Configuration(
                values,
                foreign.equals(Optional.of(ForeignLauncher.OPEN_MPI))
                        ? Optional.of(MpirunOptions.read(environment))
                        : Optional.empty(),
                libraryFolders(
                        environment.apply("LD_LIBRARY_PATH"),
                        properties.apply("jna.library.path")));
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
        return folders;
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
            Function<Setting<?>, @Nullable String> name,
            UnaryOperator<@Nullable String> texts) {

        Source(Function<Setting<?>, @Nullable String> name, UnaryOperator<@Nullable String> texts) {
            this(name, name, texts);
        }

        @Nullable String text(Setting<?> setting) {
            String key = name.apply(setting);
            String text = key == null ? null : texts.apply(key);
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

    /** What Open MPI's {@code mpirun} said, if it has started this process. */
    public Optional<MpirunOptions> mpirun() {
        return mpirun;
    }

    /** Where native libraries are looked for before the system's own folders. */
    public List<Path> libraryFolders() {
        return libraryFolders;
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
        return mpirun.isPresent() ? mpirun.get().sessionFolder().orElse(ofSystem) : ofSystem;
    }

    /** A folder in memory: that which the launcher clears away, where it has one there. */
    public Path sharedMemoryFolder() {
        Path temporary = temporaryFolder();
        return find(Settings.SHARED_MEMORY_FOLDER)
                .orElse(temporary.startsWith(SHARED_MEMORY) ? temporary : SHARED_MEMORY);
    }
}
